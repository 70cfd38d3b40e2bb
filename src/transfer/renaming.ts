/**
 * Which names subjects and keys get in another store.
 *
 * @module
 */
import { invalid } from '../core/values.js'
import type { HeaderLine } from './format.js'

/** Whether names follow the subject prefix of the store that they come to. */
export type SubjectMapping = 'map' | 'keep'

/**
 * Gives each name the prefix of the store that it comes to.
 * @throws StoreError `invalid-argument`, when called, for a name that would meet another one.
 */
export function renaming(
  header: Pick<HeaderLine, 'subjectPrefix'>,
  subjectPrefix: string,
  mapping: SubjectMapping = 'map',
): (name: string) => string {
  const from = `${header.subjectPrefix}:`
  const to = `${subjectPrefix}:`
  if (mapping === 'keep' || from === to) return (name) => name
  return (name) => {
    if (name.startsWith(from)) return to + name.slice(from.length)
    if (!name.startsWith(to)) return name
    throw invalid(
      'name',
      `starts with ${to} already, and would meet what is renamed from ${from}; import with subjects 'keep'`,
      name,
    )
  }
}
