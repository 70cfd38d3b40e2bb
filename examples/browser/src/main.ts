/** The page: what its controls do, and what it shows when something was recorded, here or in another tab. */
import { type EventRecord, isStoreError } from 'nvent-store-postgres'
import { exportStore, importStore } from 'nvent-store-postgres/transfer'
import { driver, store } from './database.js'
import { element, facts, make, size } from './dom.js'
import { adoptRuns, startRun } from './engine.js'
import { flows } from './flows.js'
import { registerFlows, subjects } from './recorder.js'
import { createRunList } from './runs.js'
import './styles.css'
import { drawChart, drawEvents, drawFacts } from './timeline.js'

const flowSelect = element<HTMLSelectElement>('flow')
const tabs = new BroadcastChannel('flow-recorder')
let chosen: string | undefined
let events: EventRecord[] = []
let writes = 0
let savedWrites = 0

const runs = createRunList((runId) => void choose(runId))

/** Something was recorded: here, and the other tabs hear of it. */
function changed() {
  writes += 1
  tabs.postMessage('changed')
  void look()
}

let isLooking = false
let isLookDue = false

/** Looks at the database again, once for whatever came meanwhile. */
async function look() {
  isLookDue = true
  if (isLooking) return
  isLooking = true
  try {
    while (isLookDue) {
      isLookDue = false
      await Promise.all([runs.refresh(), follow()])
    }
  } catch (error) {
    report(error)
  } finally {
    isLooking = false
  }
}

async function choose(runId: string | undefined) {
  chosen = runId
  events = []
  runs.choose(runId)
  history.replaceState(null, '', runId === undefined ? '#' : `#${flowSelect.value}/${runId}`)
  element('events').replaceChildren()
  element('detail').hidden = runId === undefined
  element('detail-empty').hidden = runId !== undefined
  element('detail-status').replaceChildren()
  await follow().catch(report)
}

/** Reads what was appended to the chosen run since the last look. */
async function follow() {
  const runId = chosen
  if (runId === undefined) return
  // The entry first: once it says that the run is over, all events are there to be read.
  const entry = await store.index.get(subjects.runs(flowSelect.value), runId)
  const more = await store.stream.read(subjects.run(runId), { after: events.at(-1)?.id ?? '0' })
  if (runId !== chosen) return
  const known = BigInt(events.at(-1)?.id ?? 0)
  events.push(...more.filter(({ id }) => BigInt(id) > known))
  drawEvents(events)
  drawChart(events, Date.now())
  if (entry === null) return
  drawFacts(runId, entry.metadata)
  const status = String(entry.metadata.status)
  element('detail-status').replaceChildren(make('span', { class: `state ${status}` }, status))
}

function say(text: string) {
  const message = element('message')
  message.textContent = text
  message.classList.add('shown')
  clearTimeout(hiding)
  hiding = setTimeout(() => message.classList.remove('shown'), 5000)
}
let hiding: ReturnType<typeof setTimeout> | undefined

/** A problem, and the way out of it. */
function report(error: unknown) {
  const problem = element('problem')
  const reason = isStoreError(error) ? error.details.reason : undefined
  if (isStoreError(error, 'closed')) {
    if (isDeleting) return
    problem.replaceChildren(
      make('p', {}, 'The database was deleted in another tab.'),
      reloadButton(),
    )
  } else {
    const text = isStoreError(error) ? error.message : String(error)
    problem.replaceChildren(make('p', {}, text))
    if (reason === 'corrupt') {
      problem.append(
        button(
          'Save its files',
          () => void driver.files().then((files) => save(files, 'damaged.tar')),
        ),
        button(
          'Delete it and start again',
          () => void driver.delete().then(() => location.reload()),
        ),
      )
    }
  }
  problem.hidden = false
}

function button(label: string, onClick: () => void): HTMLElement {
  const made = make('button', {}, label)
  made.addEventListener('click', onClick)
  return made
}

function reloadButton(): HTMLElement {
  return button('Reload', () => location.reload())
}

function save(content: Blob, name: string) {
  const link = make('a', {
    href: URL.createObjectURL(content),
    download: name,
  }) as HTMLAnchorElement
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}

async function showStorage() {
  const info = await driver.info()
  const where = { opfs: 'OPFS', idb: 'IndexedDB', memory: 'memory' }[info.storage]
  element('storage').replaceChildren(
    ...facts([
      ['Kept in', where],
      ['Database', size(info.databaseBytes)],
      ['Used by this site', size(info.usageBytes)],
      ['Allowed', size(info.quotaBytes)],
      [
        'Opened',
        `${info.openedFrom === 'existing' ? 'again' : `new, from ${info.openedFrom}`} in ${(info.openMs / 1000).toFixed(1)} s`,
      ],
    ]),
  )
  element('badge-storage').textContent = `PostgreSQL in ${where}`
  const tab = element('badge-tab')
  tab.hidden = false
  tab.textContent = driver.isLeader ? 'this tab has it open' : 'shared from another tab'
  const saved = element('badge-saved')
  saved.hidden = writes === 0
  saved.textContent = writes > savedWrites ? 'not flushed yet' : 'on disk'
}

/** Runs what a control asks for, and shows what goes wrong. */
function onClick(id: string, work: () => Promise<void>) {
  const control = element<HTMLButtonElement>(id)
  control.disabled = false
  control.addEventListener('click', () => {
    control.disabled = true
    work()
      .catch(report)
      .finally(() => {
        control.disabled = false
      })
  })
}

async function flush() {
  const until = writes
  await driver.flush()
  savedWrites = Math.max(savedWrites, until)
  await showStorage()
}

async function start(count: number) {
  const flow = flows.find(({ name }) => name === flowSelect.value)
  if (flow === undefined) return
  const started = await Promise.all(Array.from({ length: count }, () => startRun(flow, changed)))
  await runs.reset()
  await choose(started.sort().at(-1))
  say(count === 1 ? 'A run has begun.' : `${count} runs have begun.`)
}

async function exportAll() {
  const lines: string[] = []
  for await (const line of exportStore(store)) lines.push(line)
  save(new Blob(lines, { type: 'application/x-ndjson' }), 'flow-recorder.ndjson')
  say(`Exported ${lines.length - 2} records.`)
}

async function importFrom(file: File) {
  const { events, entries, keys } = await importStore(store, file.stream(), {
    onConflict: 'replace',
  })
  changed()
  say(`Imported ${events.written} events, ${entries.written} entries and ${keys.written} keys.`)
  await flush()
}

/** Whether it is this tab that deletes the database, and knows. */
let isDeleting = false

async function deleteAll() {
  const dialog = element<HTMLDialogElement>('confirm')
  dialog.returnValue = 'no'
  dialog.showModal()
  await new Promise((resolve) => dialog.addEventListener('close', resolve, { once: true }))
  if (dialog.returnValue !== 'yes') return
  isDeleting = true
  await driver.delete().catch((error: unknown) => {
    isDeleting = false
    throw error
  })
  location.hash = ''
  location.reload()
}

async function open() {
  flowSelect.replaceChildren(
    ...flows.map(({ name, title }) => make('option', { value: name }, title)),
  )
  const [flowName, runId] = decodeURIComponent(location.hash.slice(1)).split('/')
  if (flows.some(({ name }) => name === flowName)) flowSelect.value = flowName ?? ''
  await store.init()
  await registerFlows(flows)
  await runs.refresh()
  await showStorage()
  if (runId !== undefined && runId !== '') await choose(runId)

  onClick('start', () => start(1))
  onClick('start-many', () => start(10))
  onClick('flush', async () => {
    await flush()
    say('Everything is on disk.')
  })
  onClick('export', exportAll)
  onClick('delete', deleteAll)
  const file = element<HTMLInputElement>('import-file')
  onClick('import', async () => file.click())
  file.addEventListener('change', () => {
    const picked = file.files?.[0]
    file.value = ''
    if (picked !== undefined) importFrom(picked).catch(report)
  })
  element('filter').addEventListener('change', (event) => {
    if (event.target === flowSelect) void choose(undefined)
    runs.reset().catch(report)
  })
  tabs.onmessage = () => void look()
  // Running bars grow by the clock, between one event and the next.
  setInterval(() => {
    if (document.querySelector('.bar.running') !== null) drawChart(events, Date.now())
  }, 100)
  setInterval(() => showStorage().catch(report), 2000)
  setInterval(() => {
    if (writes > savedWrites) flush().catch(report)
  }, 3000)
  // Also those that a tab has left which was closed later.
  const adopt = async () => {
    const adopted = await adoptRuns(changed)
    if (adopted > 0)
      say(`Took up ${adopted} ${adopted === 1 ? 'run' : 'runs'} of a page that was closed.`)
  }
  await adopt()
  setInterval(() => adopt().catch(report), 4000)
  document.documentElement.dataset.ready = 'true'
}

addEventListener('unhandledrejection', ({ reason }) => report(reason))
open().catch(report)
