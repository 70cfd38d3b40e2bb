/**
 * The page: flows, their runs, and the timeline of one as it grows.
 *
 * @module
 */
export const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Runs</title>
<link rel="icon" href="data:,">
<style>
  :root { color-scheme: light dark; --line: #8883; --soft: #888; --accent: #0a7d5c }
  * { box-sizing: border-box }
  body { margin: 0; font: 15px/1.45 system-ui, sans-serif; display: grid;
    grid-template-columns: minmax(15rem, 22rem) 1fr; min-height: 100vh }
  nav { border-right: 1px solid var(--line); padding: 1.2rem; overflow: auto }
  main { padding: 1.2rem 2rem; overflow: auto }
  h1 { font-size: 1.05rem; margin: 0 0 1rem } h2 { font-size: .8rem; color: var(--soft);
    text-transform: uppercase; letter-spacing: .06em; margin: 1.2rem 0 .4rem; font-weight: 600 }
  a { display: flex; justify-content: space-between; gap: .8rem; padding: .35rem .6rem;
    border-radius: .4rem; color: inherit; text-decoration: none }
  a:hover { background: #8881 } a[aria-current] { background: #8882; font-weight: 600 }
  a span:first-child { overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
  .status { font-size: .8rem; color: var(--soft) } .running { color: var(--accent) } .failed { color: #c33 }
  ol { list-style: none; margin: 0; padding: 0; border-left: 2px solid var(--line) }
  li { padding: .35rem 0 .35rem 1.1rem; position: relative }
  li::before { content: ''; position: absolute; left: -.36rem; top: .85rem; width: .6rem; height: .6rem;
    border-radius: 50%; background: var(--accent) }
  time { color: var(--soft); font-variant-numeric: tabular-nums; margin-right: .8rem }
  pre { margin: .2rem 0 0; font-size: .8rem; color: var(--soft); white-space: pre-wrap; word-break: break-word }
  button { font: inherit; margin: .4rem .6rem; padding: .2rem .8rem }
  #state { color: var(--soft); font-size: .85rem; font-weight: 400; margin-left: .6rem }
  @media (max-width: 45rem) { body { display: block } nav { border: 0 } }
</style>
<nav><h1>Runs</h1><div id="flows">Loading …</div></nav>
<main><h1><span id="title">Choose a run</span><span id="state"></span></h1><ol id="events"></ol></main>
<script>
const at = (id) => document.getElementById(id)
const make = (tag, text, className) => Object.assign(document.createElement(tag), { textContent: text, className: className || '' })
const runs = (flow) => '/flows/' + encodeURIComponent(flow) + '/runs'
async function ask(path) {
  const answer = await fetch(path)
  const body = await answer.json()
  if (!answer.ok) throw new Error(body.error.message)
  return body
}
async function listRuns(box, flow, cursor) {
  const { runs: list, next } = await ask(runs(flow) + '?limit=20' + (cursor ? '&cursor=' + cursor : ''))
  for (const run of list) {
    const link = Object.assign(make('a'), { href: '#' + encodeURIComponent(JSON.stringify([flow, run.id])) })
    link.append(make('span', run.id), make('span', run.status, 'status ' + run.status))
    box.append(link)
  }
  if (next === null) return
  const more = make('button', 'More')
  more.onclick = () => { more.remove(); listRuns(box, flow, next) }
  box.append(more)
}
async function list() {
  const { flows } = await ask('/flows')
  const parts = await Promise.all(flows.map(async (flow) => {
    const box = make('section')
    box.append(make('h2', flow.name + ' · ' + (flow.stats ? flow.stats.total : '?')))
    await listRuns(box, flow.name)
    return box
  }))
  at('flows').replaceChildren(...(parts.length ? parts : [make('p', 'No run yet.')]))
  mark()
}
function mark() {
  for (const link of document.querySelectorAll('nav a')) {
    link.toggleAttribute('aria-current', decodeURIComponent(link.hash) === decodeURIComponent(location.hash))
  }
}
let source
function show() {
  source?.close()
  mark()
  let chosen
  try { chosen = JSON.parse(decodeURIComponent(location.hash.slice(1))) } catch { return }
  const [flow, run] = chosen
  const seen = new Set()
  at('title').textContent = flow + ' / ' + run
  at('events').replaceChildren()
  source = new EventSource(runs(flow) + '/' + encodeURIComponent(run) + '/live')
  source.onopen = () => { at('state').textContent = 'live' }
  source.onerror = () => { at('state').textContent = source.readyState === 2 ? 'not there' : 'reconnecting …' }
  source.onmessage = ({ data }) => {
    const event = JSON.parse(data)
    if (seen.has(event.id)) return
    seen.add(event.id)
    const item = make('li')
    item.append(make('time', new Date(event.ts).toLocaleTimeString()), make('strong', event.type))
    if (event.stepName) item.append(' ' + event.stepName)
    if (event.data !== undefined) item.append(make('pre', JSON.stringify(event.data)))
    at('events').append(item)
    if (event.type.startsWith('flow.')) list()
  }
}
addEventListener('hashchange', show)
const failed = (error) => { at('flows').textContent = error.message }
list().then(show, failed)
setInterval(() => list().catch(failed), 15000)
</script>
</html>
`
