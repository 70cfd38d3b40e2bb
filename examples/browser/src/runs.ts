/** The list of runs: filtered, in pages, moved through with the arrow keys. */
import type { IndexCursor, IndexEntry } from 'nvent-store-postgres'
import { store } from './database.js'
import { duration, element, make } from './dom.js'
import { subjects } from './recorder.js'

const pageSize = 8

/** The list and what is chosen in it. */
export interface RunList {
  /** Reads the page again. */
  refresh(): Promise<void>
  /** Goes back to the first page, for another flow or filter. */
  reset(): Promise<void>
  choose(runId: string | undefined): void
}

/** Makes the list; `onChoose` is called with the run that somebody chooses. */
export function createRunList(onChoose: (runId: string) => void): RunList {
  const list = element<HTMLUListElement>('run-list')
  const flow = element<HTMLSelectElement>('flow')
  const status = element<HTMLSelectElement>('status')
  const newer = element<HTMLButtonElement>('newer')
  const older = element<HTMLButtonElement>('older')
  /** Where each page begins; the first begins at no entry. */
  let starts: (IndexCursor | undefined)[] = [undefined]
  let shown: readonly IndexEntry[] = []
  let chosen: string | undefined
  let reading = 0

  async function refresh() {
    reading += 1
    const turn = reading
    const filter = status.value === '' ? {} : { status: status.value }
    const key = subjects.runs(flow.value)
    const [entries, total] = await Promise.all([
      store.index.read(key, { limit: pageSize + 1, cursor: starts.at(-1), filter }),
      store.index.count(key, { filter }),
    ])
    // Somebody has asked for something else meanwhile.
    if (turn !== reading) return
    shown = entries.slice(0, pageSize)
    draw()
    newer.disabled = starts.length === 1
    older.disabled = entries.length <= pageSize
    const pages = Math.max(1, Math.ceil(total / pageSize))
    element('page').textContent =
      `${starts.length} / ${pages} · ${total} ${total === 1 ? 'run' : 'runs'}`
    element('no-runs').hidden = shown.length > 0
  }

  /** A run that is there keeps its button, and its place, so that no click on it is lost meanwhile. */
  function draw() {
    const known = new Map(
      Array.from(list.querySelectorAll('button'), (button) => [button.dataset.run, button]),
    )
    const buttons = shown.map((entry) => {
      const button = known.get(entry.id) ?? makeButton(entry.id)
      drawButton(button, entry)
      return button
    })
    for (const [id, button] of known) {
      if (!shown.some((entry) => entry.id === id)) button.parentElement?.remove()
    }
    buttons.forEach((button, at) => {
      const item = button.parentElement ?? make('li', {}, button)
      if (list.children[at] !== item) list.insertBefore(item, list.children[at] ?? null)
    })
  }

  function makeButton(id: string): HTMLButtonElement {
    const button = make('button', { class: 'run', 'data-run': id }) as HTMLButtonElement
    button.addEventListener('click', () => onChoose(id))
    return button
  }

  function drawButton(button: HTMLButtonElement, { id, metadata }: IndexEntry) {
    const { status: state, startedAt, completedAt, completedSteps, stepCount } = metadata
    const share = Math.min(1, Number(completedSteps ?? 0) / Math.max(1, Number(stepCount)))
    const fill = make('span', { class: `fill ${state}` })
    fill.style.width = `${100 * share}%`
    if (id === chosen) button.setAttribute('aria-current', 'true')
    else button.removeAttribute('aria-current')
    button.replaceChildren(
      make('span', { class: `dot ${state}`, 'aria-hidden': 'true' }),
      make('span', { class: 'run-id' }, id),
      make('span', { class: 'run-state' }, String(state)),
      make('span', { class: 'meter', 'aria-hidden': 'true' }, fill),
      make(
        'span',
        { class: 'run-time' },
        completedAt === undefined
          ? `${completedSteps ?? 0}/${stepCount ?? '?'}`
          : duration(Number(completedAt) - Number(startedAt)),
      ),
    )
  }

  list.addEventListener('keydown', (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step === undefined) return
    event.preventDefault()
    const buttons = Array.from(list.querySelectorAll('button'))
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement)
    buttons[Math.max(0, Math.min(buttons.length - 1, at + step))]?.focus()
  })
  newer.addEventListener('click', () => {
    starts.pop()
    void refresh()
  })
  older.addEventListener('click', () => {
    const last = shown.at(-1)
    if (last === undefined) return
    starts.push({ score: last.score, id: last.id })
    void refresh()
  })

  return {
    refresh,
    reset() {
      starts = [undefined]
      return refresh()
    },
    choose(runId) {
      chosen = runId
      draw()
    },
  }
}
