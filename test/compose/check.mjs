/**
 * Runs one check and prints one line about it, which `run` counts. A failure ends the program, as what comes
 * after it would only wait in vain.
 *
 * @param {string} what - says what holds when the check passes.
 * @param {() => unknown} test - may resolve to a figure that belongs on the line.
 */
export async function check(what, test) {
  try {
    const figure = await test();
    console.log(`ok ${what}${figure === undefined ? "" : ` (${figure})`}`);
  } catch (error) {
    console.log(`not ok ${what}: ${error.message.replaceAll("\n", " ")}`);
    process.exit(1);
  }
}
