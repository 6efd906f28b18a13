/**
 * A WebSocket frame as a server writes it: one text message, final, unmasked (RFC 6455, section 5.2). In one
 * buffer, where `ws` would write the head and the body apart.
 */

/** FIN, and the opcode for text. */
const finalText = 0x81;
/** Up to here the length stands in the second byte; above, that byte says how long the length is. */
const longestShort = 125;
const twoByteLength = 126;
const eightByteLength = 127;

export function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const headLength = length <= longestShort ? 2 : length <= 0xffff ? 4 : 10;
  const frame = Buffer.allocUnsafe(headLength + length);
  frame[0] = finalText;
  if (headLength === 2) {
    frame[1] = length;
  } else if (headLength === 4) {
    frame[1] = twoByteLength;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = eightByteLength;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  frame.write(text, headLength);
  return frame;
}
