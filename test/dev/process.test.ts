import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

test('a process with an endpoint on PGlite lives until it closes it, and then ends by itself', async () => {
  const script = fileURLToPath(new URL('start-and-stop.ts', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', script])
  expect(JSON.parse(stdout)).toEqual([{ answer: 42 }])
})
