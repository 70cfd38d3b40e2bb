/**
 * What a text names: a server, a folder of PGlite, or what PGlite keeps elsewhere. The same for the
 * library, its drivers and the command line.
 *
 * @module
 */
import { StoreError } from './errors.js'

/** A place of a database. */
export interface Location {
  /** `browser`: storage that a browser has. */
  readonly kind: 'server' | 'folder' | 'memory' | 'browser'
  /** The URL, or the path of the folder. */
  readonly place: string
}

/**
 * Reads `postgres://…`, `postgresql://…`, `memory://`, `idb://…`, `opfs-ahp://…`, `file:…` or a path.
 * Space around it does not count. In `file:///…`, what is percent-encoded is decoded, as
 * `pathToFileURL` of Node writes it; `file:a` and `file://a` are relative.
 *
 * @param name of what holds the text, for the error, which never shows the text: it may be a password.
 * @throws StoreError `invalid-argument` for what is neither: above all a URL of a server that is
 * quoted or misspelt, which is no path.
 */
export function locate(text: string, name: string): Location {
  if (typeof text !== 'string') throw refused(name, 'must be a text.')
  const place = text.trim()
  if (place === '') throw refused(name, 'is empty.')
  if (/^["'`]/.test(place)) {
    throw refused(name, 'begins with a quote: leave the quotes away (a path may begin with ./).')
  }
  // One letter is a drive of Windows.
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(place)?.[1]?.toLowerCase()
  const hasSlashes = /^[^:]+:\/\//.test(place)
  switch (scheme) {
    case 'postgres':
    case 'postgresql':
      if (hasSlashes && URL.canParse(place)) return { kind: 'server', place }
      throw refused(name, 'is no valid URL; user and password need percent-encoding.')
    case 'memory':
    case 'idb':
    case 'opfs-ahp':
      if (hasSlashes) return { kind: scheme === 'memory' ? 'memory' : 'browser', place }
      throw refused(name, `has no // behind ${scheme}:.`)
    case 'file':
      return { kind: 'folder', place: pathOf(place.slice('file:'.length), name) }
    case undefined:
      if (!looksLikeUrl(place)) return { kind: 'folder', place }
      throw refused(name, 'is no valid URL; a path like it begins with ./')
    default:
      throw refused(
        name,
        `has the scheme ${scheme}:, which no driver here knows; give postgres://, memory://, file://, idb://, opfs-ahp:// or a path (./… if it has a colon).`,
      )
  }
}

/** A folder, or what else PGlite keeps its data in. */
export function locateData(text: string, name: string): Location {
  const location = locate(text, name)
  if (location.kind !== 'server') return location
  throw refused(name, 'is the URL of a server, and PGlite needs a path or memory://.')
}

/** `postgres//…`, `=postgres://…`: hardly the path that somebody wants to have. */
const looksLikeUrl = (place: string) =>
  !/^[./\\]|^[a-z]:/i.test(place) && (/:\/\//.test(place) || /^postgres(ql)?\/\//i.test(place))

function pathOf(rest: string, name: string): string {
  const path = rest.replace(/^\/\//, '')
  if (path === '') throw refused(name, 'names no file.')
  if (!path.startsWith('/')) return path
  return percentDecoded(path).replace(/^\/(?=[a-z]:)/i, '')
}

/** What is no percent-encoding stays as it is. */
export function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const refused = (name: string, why: string) =>
  new StoreError('invalid-argument', `${name} ${why}`, { details: { path: name } })
