import { neon, neonConfig } from '@neondatabase/serverless'
import { startNeonEndpoint, useLocalNeon } from '../../src/dev/index.js'
import { newestServer } from '../support/postgres.js'
import { expect, test } from 'vitest'

test('smoke', async () => {
  await using endpoint = await startNeonEndpoint({ url: newestServer().url })
  useLocalNeon(neonConfig, endpoint)
  const sql = neon(endpoint.connectionString)
  expect(await sql`select 1 as a, ${'x'}::text as b, array[1,2] c`).toEqual([{ a: 1, b: 'x', c: [1, 2] }])
  await expect(sql`select 1/0`).rejects.toMatchObject({ code: '22012' })
  await expect(sql`select ${1}; select 2`).rejects.toMatchObject({ code: '42601' })
  expect(await sql.transaction([sql`select 1 as a`, sql`show transaction_isolation`], { isolationLevel: 'Serializable', readOnly: true })).toEqual([[{ a: 1 }], [{ transaction_isolation: 'serializable' }]])
  console.log(await sql`select repeat('x', 1000) from generate_series(1, 20000)`.catch((e) => e.message))
  expect(await Promise.all(Array.from({ length: 40 }, (_, i) => sql`select ${i}::int as i`))).toEqual(Array.from({ length: 40 }, (_, i) => [{ i }]))
  await expect(neon(endpoint.connectionString.replace('/postgres', '/nope'))`select 1`).rejects.toMatchObject({ code: '3D000' })
  await expect(neon(endpoint.connectionString.replace('neon:', 'neon:x'))`select 1`).rejects.toMatchObject({ code: '28P01' })
})
