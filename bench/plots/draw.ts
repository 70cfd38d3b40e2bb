/** SVG as text, from Observable Plot without a browser. */
import { type PlotOptions, plot } from '@observablehq/plot'
import { parseHTML } from 'linkedom'

/** Draws a plot under a title, on white, in a font that is there everywhere. */
export function draw(title: string, subtitle: string, options: PlotOptions): string {
  const { document } = parseHTML('<!doctype html><html><body></body></html>')
  const { width = 640, height = 400 } = options
  const svg = plot({ ...options, width, height, document, style: { fontSize: '11px' } })
  const head = 52
  svg.setAttribute('y', String(head))
  // Plot's own rule would follow the colours of a page.
  svg.setAttribute('color', '#222')
  const text = (y: number, size: number, weight: number, content: string) =>
    `<text x="16" y="${y}" font-size="${size}" font-weight="${weight}" fill="#222">${escapeText(content)}</text>`
  const total = height + head
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${total}" width="${width}" height="${total}" font-family="system-ui, sans-serif" role="img">`,
    `<title>${escapeText(title)}</title>`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    text(24, 16, 600, title),
    text(43, 12, 400, subtitle),
    svg.toString(),
    '</svg>\n',
  ].join('\n')
}

const escapeText = (text: string) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;')
