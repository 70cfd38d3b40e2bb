/** Sorted indexes as the promises say. */
import type { IndexEntryInput, IndexReadOptions } from '../../../src/index.js'
import { Decimal, sum } from './decimal.js'
import {
  applyPatch,
  at,
  type Doc,
  docFrom,
  equal,
  expand,
  put,
  Refusal,
  refuse,
  segmentsOf,
  type Value,
} from './documents.js'
import { withCanonicalTimes } from './timestamps.js'

interface Entry {
  readonly id: string
  readonly score: number
  readonly version: number
  readonly document: Doc
}

/** Timestamp fields with a column, by the index that has it: what follows the subject prefix. */
const timestampFields: readonly { readonly key: RegExp; readonly fields: readonly string[] }[] = [
  { key: /^flow:runs:./s, fields: ['startedAt', 'completedAt', 'lastActivityAt'] },
  { key: /^flows$/, fields: ['registeredAt', 'lastRunAt'] },
  { key: /^triggers$/, fields: ['registeredAt', 'lastActivityAt', 'stats.lastFiredAt'] },
  { key: /^scheduler:jobs$/, fields: ['executeAt', 'scheduledAt', 'lastRunAt', 'nextRunAt'] },
]

function timestampsOf(key: string, subjectPrefix: string): readonly string[] {
  if (!key.startsWith(`${subjectPrefix}:`)) return []
  const rest = key.slice(subjectPrefix.length + 1)
  return timestampFields.find((candidate) => candidate.key.test(rest))?.fields ?? []
}

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0

const countOr = (value: number | undefined, fallback: number): number =>
  value === undefined ? fallback : isCount(value) ? value : refuse('invalid-argument')

const inBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))
const ascending = (a: { score: number; id: string }, b: { score: number; id: string }) =>
  a.score - b.score || inBytes(a.id, b.id)

/** One index. Entries are replaced, never changed, so a copy is cheap. */
export class IndexModel {
  readonly #entries: Map<string, Entry>
  readonly #timestamps: readonly string[]

  constructor(
    readonly key: string,
    subjectPrefix: string,
    entries: ReadonlyMap<string, Entry> = new Map(),
  ) {
    this.#timestamps = timestampsOf(key, subjectPrefix)
    this.#entries = new Map(entries)
    this.copy = () => new IndexModel(key, subjectPrefix, this.#entries)
  }

  readonly copy: () => IndexModel

  addMany(inputs: readonly IndexEntryInput[]): void {
    const entries = inputs.map(({ id, score, metadata }) => {
      if (id === '' || !Number.isFinite(score)) refuse('invalid-argument')
      return { id, score, document: this.#canonical(expand(docFrom(metadata ?? {}))) }
    })
    for (const entry of entries) {
      const version = (this.#entries.get(entry.id)?.version ?? -1) + 1
      this.#entries.set(entry.id, { ...entry, version })
    }
  }

  get(id: string): Value {
    const entry = this.#entries.get(id === '' ? refuse('invalid-argument') : id)
    return entry === undefined ? null : shown(entry)
  }

  versionOf(id: string): number | undefined {
    return this.#entries.get(id)?.version
  }

  read(options: IndexReadOptions): readonly Value[] {
    return this.page(options).map(shown)
  }

  /** The entries of a page, for cursors. */
  page(options: IndexReadOptions): readonly Entry[] {
    const { order = 'desc', filter, cursor } = options
    const [limit, offset] = [countOr(options.limit, 100), countOr(options.offset, 0)]
    if (cursor !== undefined) {
      if (!Number.isFinite(cursor.score) || cursor.id === '' || offset > 0) {
        refuse('invalid-argument')
      }
    }
    const direction = order === 'asc' ? 1 : -1
    const compare = (a: Entry, b: { score: number; id: string }) => direction * ascending(a, b)
    return this.#matching(filter)
      .sort(compare)
      .filter((entry) => cursor === undefined || compare(entry, cursor) > 0)
      .slice(offset, offset + limit)
  }

  count(filter: IndexReadOptions['filter']): number {
    return this.#matching(filter).length
  }

  update(id: string, patch: object, expectedVersion: number | undefined): boolean {
    const given = docFrom(patch)
    const wanted = [expectedVersion, given.get('version')].filter((item) => item !== undefined)
    if (id === '' || !wanted.every(isCount)) refuse('invalid-argument')
    const changes = new Map([...given].filter(([key]) => key !== 'version'))
    // A patch is refused or not whether there is an entry or not.
    applyPatch(new Map(), changes)
    const entry = this.#entries.get(id)
    if (entry === undefined || wanted.some((version) => version !== entry.version)) return false
    this.#write(entry, applyPatch(entry.document, changes))
    return true
  }

  updateOrThrow(id: string, patch: object, expectedVersion: number | undefined): void {
    if (this.update(id, patch, expectedVersion)) return
    throw new Refusal(this.#entries.has(id) ? 'version-conflict' : 'not-found')
  }

  increment(id: string, field: string | readonly string[], by: number): Value {
    const path = typeof field === 'string' ? segmentsOf(field) : field
    if (path.length === 0 || path.includes('') || path[0] === 'version') refuse('invalid-argument')
    if (id === '' || !Number.isFinite(by)) refuse('invalid-argument')
    const entry = this.#entries.get(id)
    if (entry === undefined) throw new Refusal('not-found')
    for (let depth = 1; depth < path.length; depth++) {
      const parent = at(entry.document, path.slice(0, depth))
      if (parent !== undefined && !(parent instanceof Map)) refuse('type-mismatch')
    }
    const old = at(entry.document, path) ?? (has(entry.document, path) ? null : 0)
    const result =
      typeof old === 'number' || old instanceof Decimal ? sum(old, by) : refuse('type-mismatch')
    if (result === undefined) throw new Refusal('type-mismatch')
    this.#write(entry, put(entry.document, path, result))
    return result
  }

  delete(id: string): boolean {
    return this.#entries.delete(id === '' ? refuse('invalid-argument') : id)
  }

  #write(entry: Entry, document: Doc): void {
    const version = entry.version + 1
    this.#entries.set(entry.id, { ...entry, version, document: this.#canonical(document) })
  }

  #canonical(document: Doc): Doc {
    return withCanonicalTimes(document, this.#timestamps)
  }

  #matching(filter: IndexReadOptions['filter']): Entry[] {
    const conditions = [...docFrom(filter ?? {})].map(([key, wanted]) => ({
      path: segmentsOf(key),
      wanted: Array.isArray(wanted) ? (wanted as readonly Value[]) : [wanted],
    }))
    return [...this.#entries.values()].filter((entry) =>
      conditions.every(({ path, wanted }) => {
        const value = at(withVersion(entry), path) ?? null
        return wanted.some((item) => equal(value, item))
      }),
    )
  }
}

const has = (doc: Doc, path: readonly string[]) => {
  const parent = at(doc, path.slice(0, -1))
  return parent instanceof Map && parent.has(path.at(-1) ?? '')
}

const withVersion = ({ document, version }: Entry): Doc => new Map(document).set('version', version)

function shown(entry: Entry): Value {
  return new Map<string, Value>([
    ['id', entry.id],
    ['score', entry.score],
    ['metadata', withVersion(entry)],
  ])
}
