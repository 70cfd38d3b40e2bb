/** Key patterns: `*` is any run of characters, `\*` a star, `\\` a backslash, all else literal. */

type Token = { readonly literal: string } | 'run'

function tokens(pattern: string): readonly Token[] {
  const result: Token[] = []
  const characters = [...pattern]
  for (let at = 0; at < characters.length; at++) {
    const [character = '', next] = characters.slice(at, at + 2)
    if (character === '*') result.push('run')
    else if (character === '\\' && (next === '*' || next === '\\')) {
      result.push({ literal: next })
      at += 1
    } else result.push({ literal: character })
  }
  return result
}

/** Whether the whole key matches, found by trying all ways at once. */
export function matches(pattern: string, key: string): boolean {
  let reachable = new Set([0])
  const characters = [...key]
  for (const token of tokens(pattern)) {
    const next = new Set<number>()
    for (const position of reachable) {
      if (token === 'run') {
        for (let to = position; to <= characters.length; to++) next.add(to)
      } else if (characters[position] === token.literal) next.add(position + 1)
    }
    reachable = next
  }
  return reachable.has(characters.length)
}
