import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { root } from './extract.js'

/** What is wrong with the links of a document to files and headings of this project. */
export function brokenLinks(file: string, text: string): { links: number; broken: string[] } {
  const broken: string[] = []
  let links = 0
  let fenced = false
  text.split('\n').forEach((line, at) => {
    if (/^ {0,3}```/.test(line)) fenced = !fenced
    if (fenced) return
    for (const [, target = ''] of line.replace(/`[^`]*`/g, '').matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/i.test(target)) continue
      links += 1
      const [path = '', heading] = target.split('#')
      const linked = path === '' ? join(root, file) : join(root, dirname(file), decodeURI(path))
      const where = `${file}:${at + 1}`
      if (!existsSync(linked)) broken.push(`${where}: there is no ${relative(root, linked)}`)
      else if (heading !== undefined && !headingsOf(linked).includes(heading)) {
        broken.push(`${where}: ${relative(root, linked)} has no heading #${heading}`)
      }
    }
  })
  return { links, broken }
}

/** Headings as GitHub names their anchors. */
function headingsOf(path: string): string[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line) => /^#{1,6} (.*)$/.exec(line)?.[1] ?? [])
    .map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    )
}
