/**
 * How a database for the browser is made: with a small write-ahead log, since all of it is kept in
 * memory and in the browser's storage. Segments of 1 MB, where the default of 16 MB would be written
 * whole again and again, and no more than two of them in store.
 */
export const initDbStartParams: string[] = ['--wal-segsize=1', '--set=min_wal_size=2MB']
