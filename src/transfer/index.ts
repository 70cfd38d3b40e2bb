/**
 * `nvent-store-postgres/transfer`: everything that a store holds as lines of JSON, and back into any
 * other store.
 *
 * @module
 */
export { type ExportOptions, type ExportProgress, exportStore } from './export.js'
export type { EndLine, HeaderLine, TransferTier } from './format.js'
export {
  type ImportOptions,
  type ImportProgress,
  type ImportResult,
  importStore,
} from './import.js'
export type { Chunk, ChunkSource } from './lines.js'
export type { SubjectMapping } from './renaming.js'
export type { Counts, CountsByTier, OnConflict } from './write.js'
