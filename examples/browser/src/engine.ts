/** Runs flows in this page, and takes up those whose page was closed. */

import { store } from './database.js'
import { type Flow, flows, maxAttempts, type Step } from './flows.js'
import { createRecorder, subjects } from './recorder.js'

/** Held by the page that carries a run out, so that others see whether it is still there. */
const lockOf = (runId: string) => `flow-recorder:run:${runId}`

const errors = ['the other side took too long', 'connection reset', 'rate limit reached']

class StepFailed extends Error {}

/** Starts a run and gives its id at once; `changed` is called whenever something was recorded. */
export async function startRun(flow: Flow, changed: () => void): Promise<string> {
  const runId = `${Date.now().toString(36)}-${crypto.randomUUID().slice(0, 4)}`
  await new Promise<void>((resolve, reject) => {
    void navigator.locks.request(lockOf(runId), async () => {
      const recorder = createRecorder(flow, runId, changed)
      const begun = recorder.start()
      begun.then(resolve, reject)
      await begun
      await execute(flow, recorder, new Map())
    })
  })
  return runId
}

/** Takes up the runs that nobody carries out any more: their page was closed or reloaded. */
export async function adoptRuns(changed: () => void): Promise<number> {
  let adopted = 0
  for (const flow of flows) {
    const left = await store.index.read(subjects.runs(flow.name), {
      filter: { status: 'running' },
      limit: 50,
    })
    for (const { id } of left) {
      const isTaken = await new Promise<boolean>((decided) => {
        void navigator.locks.request(lockOf(id), { ifAvailable: true }, async (lock) => {
          // It may have come to its end between the look and the lock.
          const entry = lock === null ? null : await store.index.get(subjects.runs(flow.name), id)
          const isLeft = entry?.metadata.status === 'running'
          decided(isLeft)
          if (!isLeft) return
          const recorder = createRecorder(flow, id, changed)
          await execute(flow, recorder, await progressOf(id))
        })
      })
      if (isTaken) adopted += 1
    }
  }
  return adopted
}

/** Steps that have begun: how often they were tried, and whether they were completed. */
type Progress = Map<string, { attempts: number; isDone: boolean; isOpen: boolean }>

async function progressOf(runId: string): Promise<Progress> {
  const progress: Progress = new Map()
  for (const { type, stepName, attempt = 1 } of await store.stream.read(subjects.run(runId))) {
    if (stepName === undefined) continue
    progress.set(stepName, {
      attempts: attempt,
      isDone: type === 'step.completed',
      isOpen: type === 'step.started',
    })
  }
  return progress
}

type Recorder = ReturnType<typeof createRecorder>

async function execute(flow: Flow, recorder: Recorder, progress: Progress): Promise<void> {
  try {
    for (const stage of flow.stages) {
      const ends = await Promise.allSettled(
        stage.map((step) => carryOut(step, recorder, progress.get(step.name))),
      )
      for (const end of ends) if (end.status === 'rejected') throw end.reason
    }
    await recorder.finish()
  } catch (error) {
    // A step that failed for good has ended its run; all else is the page's to show.
    if (!(error instanceof StepFailed)) throw error
  }
}

async function carryOut(
  step: Step,
  recorder: Recorder,
  before = { attempts: 0, isDone: false, isOpen: false },
): Promise<void> {
  if (before.isDone) return
  if (before.isOpen) {
    await recorder.retry({ step: step.name, attempt: before.attempts }, 'the page was closed')
  }
  for (let attempt = before.attempts + 1; ; attempt++) {
    const of = { step: step.name, attempt }
    await recorder.started(of)
    const [least, most] = step.takesMs
    const tookMs = Math.round(least + Math.random() * (most - least))
    await new Promise((resolve) => setTimeout(resolve, tookMs))
    if (Math.random() >= step.failureRate) return recorder.completed(of, { tookMs })
    const error = errors[Math.floor(Math.random() * errors.length)] ?? 'failed'
    if (attempt >= maxAttempts) {
      await recorder.fail(of, error)
      throw new StepFailed(error)
    }
    await recorder.retry(of, error)
  }
}
