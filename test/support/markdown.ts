/** Tables in documents, and parts of documents that are made of results. */

/** A table with columns of even width; those of the numbers in `right` are set to the right. */
export function markdown([head = [], ...rows]: string[][], right: readonly number[] = []): string {
  const widths = head.map((_, at) =>
    Math.max(3, ...[head, ...rows].map((row) => row[at]?.length ?? 0)),
  )
  const line = (row: string[]) =>
    `| ${widths.map((width, at) => (right.includes(at) ? (row[at] ?? '').padStart(width) : (row[at] ?? '').padEnd(width))).join(' | ')} |`
  const rule = widths.map((width, at) =>
    right.includes(at) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width),
  )
  return [line(head), line(rule), ...rows.map(line)].join('\n')
}

/** Puts `content` between `<!-- name: generated -->` and `<!-- /name -->`. */
export function replacePart(document: string, name: string, content: string): string {
  const [start, end] = [`<!-- ${name}: generated -->\n`, `\n<!-- /${name} -->`]
  const [from, to] = [document.indexOf(start), document.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`The document has no place for: ${name}.`)
  return `${document.slice(0, from + start.length)}\n${content}\n${document.slice(to)}`
}
