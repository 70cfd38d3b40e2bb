/**
 * What a session of PostgreSQL remembers between statements, so that many can share the one of
 * PGlite: read when another takes over, and put back when it returns.
 *
 * @module
 */

/** What was set in a session. */
export interface SessionState {
  readonly settings: readonly (readonly [name: string, value: string])[]
  /** The texts of `prepare` statements. */
  readonly prepared: readonly string[]
  /** What cannot be put back, and so keeps others out; null if there is nothing of that kind. */
  readonly pin: string | null
}

/** Rows of kind, name and value. */
export const readStateSql = `
  select 'setting', name, pg_catalog.current_setting(name)
    from pg_catalog.pg_settings where source = 'session'
  union all
  select 'setting', 'role', pg_catalog.current_setting('role')
   where pg_catalog.current_setting('role') <> 'none'
  union all
  select 'prepared', name, statement from pg_catalog.pg_prepared_statements where from_sql
  union all
  select 'pin', 'an advisory lock', '' from pg_catalog.pg_locks where locktype = 'advisory'
  union all
  select 'pin', 'a temporary table', '' from pg_catalog.pg_class where relpersistence = 't'
  union all
  select 'pin', 'an open cursor', '' from pg_catalog.pg_cursors`

/** \`discard all\` without what it does to LISTEN, and where several statements may stand. */
const resetSql = `
  close all;
  set session authorization default;
  reset all;
  deallocate all;
  unlisten *;
  select pg_catalog.pg_advisory_unlock_all();
  discard plans;
  discard temp;
  discard sequences`

export function parseState(rows: readonly (readonly (string | null)[])[]): SessionState {
  const of = (kind: string) => rows.filter((row) => row[0] === kind)
  return {
    settings: of('setting').map(([, name, value]) => [name ?? '', value ?? ''] as const),
    prepared: of('prepared').map(([, , text]) => text ?? ''),
    pin: of('pin')[0]?.[1] ?? null,
  }
}

/** The statements that leave nothing of whoever came before, and put a state back. */
export function restoreSql({ settings, prepared }: SessionState): string {
  const calls = settings.map(
    ([name, value]) => `pg_catalog.set_config(${literal(name)}, ${literal(value)}, false)`,
  )
  return [
    resetSql,
    ...(calls.length === 0 ? [] : [`select ${calls.join(', ')}`]),
    ...prepared.map((text) => text.replace(/;\s*$/, '')),
  ].join(';\n')
}

/** Also with standard_conforming_strings off. */
const literal = (text: string) => `E'${text.replace(/['\\]/g, '\\$&')}'`

/** The settings that a client asked for when it logged in. */
export function startupSettings(
  parameters: Readonly<Record<string, string>>,
): SessionState['settings'] {
  const { options, ...settings } = parameters
  return [...commandLineSettings(options ?? ''), ...Object.entries(settings)]
}

/** Reads `-c name=value` and `--name=value`, where a backslash keeps a blank in its word. */
function commandLineSettings(options: string): (readonly [string, string])[] {
  const words = (options.match(/(?:\\[\s\S]|\S)+/g) ?? []).map((word) =>
    word.replace(/\\([\s\S])/g, '$1'),
  )
  const settings: (readonly [string, string])[] = []
  for (const [at, word] of words.entries()) {
    const setting = word === '-c' ? words[at + 1] : /^(?:-c|--)(.+)/.exec(word)?.[1]
    const [, name, value] = /^([^=]+)=([\s\S]*)$/.exec(setting ?? '') ?? []
    if (name !== undefined && value !== undefined) settings.push([name.replaceAll('-', '_'), value])
  }
  return settings
}
