/** What PostgreSQL knows about the connections of an application. */
import pg from 'pg'

/** Connections to a database: open ones, and those whose client vanished without ending them. */
export async function sessionsOf(url: string): Promise<{ open: number; abandoned: number }> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<{ open: number; abandoned: number }>(
      `select (select count(*)::int from pg_stat_activity as a
        where a.datname = d.datname and a.pid <> pg_backend_pid()) as open,
       d.sessions_abandoned::int as abandoned
  from pg_stat_database as d where d.datname = current_database()`,
    )
    return rows[0] ?? { open: 0, abandoned: 0 }
  } finally {
    await client.end()
  }
}

/** Waits until no more than so many are open; code that was replaced ends while the new one answers. */
export async function untilOpen(url: string, most: number) {
  for (;;) {
    const sessions = await sessionsOf(url)
    if (sessions.open <= most) return sessions
  }
}
