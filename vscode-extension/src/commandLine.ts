/** The words of `dapserver.command`: an array as it is, a string split at spaces outside quotes. */
export function commandWords(setting: string | readonly string[], home: string): string[] {
  const words = typeof setting === "string" ? split(setting) : setting;
  return words.map((word) => expandHome(word, home));
}

/** Replace a leading `~/`, which no shell does for a program started without one. */
export function expandHome(word: string, home: string): string {
  return word.startsWith("~/") ? home + word.slice(1) : word;
}

function split(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|'([^']*)'|\S+/g)].map(
    ([word, doubleQuoted, singleQuoted]) => doubleQuoted ?? singleQuoted ?? word,
  );
}
