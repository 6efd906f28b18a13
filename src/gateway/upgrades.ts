/**
 * Requests to change the protocol of a connection. With them Node hands over the bare socket, whose errors are
 * nobody's from then on, and an error that nobody listens for ends the process (I7).
 */
import type { Server } from "node:http";

const notFound = "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

/** Looks at every upgrade before others do, and answers those that are not for `path`. */
export function guardUpgrades(server: Server, path: string): void {
  server.prependListener("upgrade", (request, socket) => {
    socket.on("error", ignore);
    if (!request.url?.startsWith(path)) socket.end(notFound, () => socket.destroy());
  });
}

/** The socket is closed by itself; whoever used it hears that. */
function ignore(): void {}
