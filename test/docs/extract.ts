/** Finds the TypeScript examples of the documents and of the `@example` blocks of the sources. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

/** Code that stands as a module of its own. Lines are those of the file it comes from. */
export interface Example {
  /** Path from the root, with `/`. */
  readonly file: string
  /** Line of its first statement, from 1. */
  readonly line: number
  /** The code, on the lines where it stands in its file; all other lines are empty. */
  readonly code: string
  /** How many blocks it is made of. */
  readonly blocks: number
}

/** Markdown files that users read, as paths from the root. */
export function documents(): string[] {
  return [
    ...readdirSync(root).filter((name) => name.endsWith('.md')),
    ...readdirSync(join(root, 'docs'))
      .filter((name) => name.endsWith('.md'))
      .map((name) => `docs/${name}`),
  ].sort()
}

/** All examples of the project. */
export function allExamples(): Example[] {
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `src/${name.replaceAll('\\', '/')}`)
    .sort()
  return [
    ...documents().flatMap((file) => inMarkdown(file, read(file))),
    ...sources.flatMap((file) => inSource(file, read(file))),
  ]
}

const read = (file: string) => readFileSync(join(root, file), 'utf8')

/** A block that imports something starts anew; one that does not goes on from the one before. */
export function inMarkdown(file: string, text: string): Example[] {
  const examples: Example[] = []
  for (const block of blocksOf(text.split('\n'))) {
    const last = examples.at(-1)
    if (last !== undefined && !/^import\b/m.test(block.code)) {
      examples.pop()
      examples.push({ ...last, code: overlay(last.code, block.code), blocks: last.blocks + 1 })
    } else {
      examples.push({ file, ...block, blocks: 1 })
    }
  }
  return examples
}

/** Every `@example` stands alone. */
export function inSource(file: string, text: string): Example[] {
  let inExample = false
  const lines = text.split('\n').map((line) => {
    const comment = /^\s*\*(?!\/) ?(.*)$/.exec(line)?.[1]
    if (comment === undefined) inExample = false
    else if (/^@\w/.test(comment)) inExample = comment.startsWith('@example')
    return inExample ? (comment ?? '') : ''
  })
  return blocksOf(lines).map((block) => ({ file, ...block, blocks: 1 }))
}

function blocksOf(lines: readonly string[]): { line: number; code: string }[] {
  const blocks: { line: number; code: string }[] = []
  let fence:
    | { readonly marks: string; readonly language: string; readonly from: number }
    | undefined
  lines.forEach((line, at) => {
    const [, marks = '', language = ''] = /^ {0,3}(`{3,})\s*(\S*)/.exec(line) ?? []
    if (marks === '') return
    if (fence === undefined) {
      fence = { marks, language, from: at + 1 }
    } else if (marks.length >= fence.marks.length && language === '') {
      const { from } = fence
      if (/^(ts|typescript)$/.test(fence.language)) {
        const code = [...lines.slice(0, from).map(() => ''), ...lines.slice(from, at)].join('\n')
        blocks.push({ line: from + 1, code })
      }
      fence = undefined
    }
  })
  return blocks
}

function overlay(first: string, second: string): string {
  const lines = second.split('\n')
  first.split('\n').forEach((line, at) => {
    if (line !== '') lines[at] = line
  })
  return lines.join('\n')
}
