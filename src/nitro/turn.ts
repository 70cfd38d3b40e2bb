/**
 * Turns between threads and processes of one machine: who listens on a socket of a given name has it,
 * and loses it at once when the thread or process ends, however it ends.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Waits until nobody else has the turn of this name, takes it, and returns what gives it back.
 * @throws the signal's reason when it fires before.
 */
export async function takeTurn(name: string, signal: AbortSignal): Promise<() => Promise<void>> {
  const path = socketPath(name)
  for (;;) {
    signal.throwIfAborted()
    const giveBack = await tryToTake(path)
    if (giveBack !== undefined) return giveBack
    await untilGivenBack(path, signal)
  }
}

/** Linux and Windows have names that vanish with their owner; elsewhere it is a file. */
function socketPath(name: string): string {
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 32)
  const file = `nvent-store-postgres-${hash}`
  if (process.platform === 'linux') return `\0${file}`
  if (process.platform === 'win32') return `\\\\.\\pipe\\${file}`
  return join(tmpdir(), `${file}.sock`)
}

function tryToTake(path: string): Promise<(() => Promise<void>) | undefined> {
  return new Promise((resolve, reject) => {
    const waiting = new Set<Socket>()
    const server = createServer((socket) => {
      waiting.add(socket.unref())
      socket.on('error', () => undefined).on('close', () => waiting.delete(socket))
    })
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined)
      else reject(error)
    })
    server.listen({ path, exclusive: true }, () => {
      server.unref()
      resolve(
        () =>
          new Promise((done) => {
            server.close(() => done())
            // Those who wait see their connection end, and try again.
            for (const socket of waiting) socket.destroy()
          }),
      )
    })
  })
}

function untilGivenBack(path: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    const onAbort = () => {
      socket.destroy()
      reject(signal.reason)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    const end = async (isDead: boolean) => {
      signal.removeEventListener('abort', onAbort)
      // A file that nobody listens on was left by a process that was killed.
      if (isDead && !path.startsWith('\0') && process.platform !== 'win32') {
        await rm(path, { force: true })
      }
      resolve()
    }
    let code: string | undefined
    socket.on('error', (error: NodeJS.ErrnoException) => {
      code = error.code
    })
    socket.on('close', () => void end(code === 'ECONNREFUSED'))
    // Read, or the end of the connection would not be seen.
    socket.resume()
  })
}
