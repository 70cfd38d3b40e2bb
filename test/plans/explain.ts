/** How the server plans the statements that a store sends. */
import pg from 'pg'
import type { Driver, Param, QueryResult, Statement } from '../../src/index.js'

/** What a node of a plan tells, in JSON. */
interface PlanNode {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Index Name'?: string
  readonly 'Conflict Arbiter Indexes'?: readonly string[]
  readonly Output?: readonly string[]
  readonly 'Shared Hit Blocks'?: number
  readonly 'Shared Read Blocks'?: number
  readonly Plans?: readonly PlanNode[]
}

/** What a plan does to tables. */
export interface Planned {
  /** Tables that are read from end to end. */
  readonly scanned: readonly string[]
  /** Indexes in which rows are looked up, or conflicts found. */
  readonly indexes: readonly string[]
  /** Whether rows are put into order only after they were read. */
  readonly sorts: boolean
  /** Whether entries are made of rows, which is dear, before it is known which rows are needed. */
  readonly wastesEntries: boolean
  /** The whole plan, to look at when it is not as it should be. */
  readonly text: string
}

/** `custom` plans for the values of the parameters; `generic` for any values. */
export type PlanMode = 'custom' | 'generic'

/** A session that explains. */
export interface Explainer {
  explain(statement: Statement, mode: PlanMode): Promise<Planned>
  /** How many pages of tables and indexes a statement touches. What it changes is undone. */
  pages(statement: Statement, mode: PlanMode): Promise<number>
  end(): Promise<void>
}

/** Opens a session of its own. */
export async function openExplainer(url: string): Promise<Explainer> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  async function planned(
    { text, params = [] }: Statement,
    mode: PlanMode,
    options: string,
  ): Promise<PlanNode> {
    const values = params.map((value) => (value === null ? 'null' : client.escapeLiteral(value)))
    await client.query(`set plan_cache_mode = force_${mode}_plan`)
    await client.query(`prepare explained as ${text}`)
    try {
      const { rows } = await client.query(
        `explain (${options}, format json) execute explained${values.length > 0 ? `(${values.join(', ')})` : ''}`,
      )
      return rows[0]['QUERY PLAN'][0].Plan
    } finally {
      await client.query('deallocate explained')
    }
  }
  return {
    explain: async (statement, mode) =>
      plannedOf(await planned(statement, mode, 'verbose'), / offset \$/.test(statement.text)),
    async pages(statement, mode) {
      await client.query('begin')
      const plan = await planned(statement, mode, 'analyze, buffers')
      await client.query('rollback')
      return (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0)
    },
    end: () => client.end(),
  }
}

function plannedOf(root: PlanNode, skips: boolean): Planned {
  const nodes: PlanNode[] = []
  const visit = (node: PlanNode) => {
    nodes.push(node)
    node.Plans?.forEach(visit)
  }
  visit(root)
  const sorts = nodes.filter((node) => /Sort$/.test(node['Node Type']))
  return {
    scanned: nodes
      .filter((node) => node['Node Type'] === 'Seq Scan')
      .map((node) => node['Relation Name'] ?? ''),
    indexes: [
      ...new Set(
        nodes.flatMap((node) => [
          ...(node['Index Name'] === undefined ? [] : [node['Index Name']]),
          ...(node['Conflict Arbiter Indexes'] ?? []),
        ]),
      ),
    ].sort(),
    sorts: sorts.length > 0,
    wastesEntries: nodes.some(
      ({ 'Node Type': type, Output = [] }) =>
        (/Sort$/.test(type) || (skips && type === 'Limit')) &&
        Output.some((column) => column.includes('json_build_array')),
    ),
    text: JSON.stringify(root, null, 1),
  }
}

/** A driver that notes the statements that go through it. */
export interface Recorder extends Driver {
  /** The statements since the last call. */
  taken(): readonly (Statement & { readonly params?: readonly Param[] })[]
}

/** Notes statements, and runs them as well. */
export function recorder(driver: Driver): Recorder {
  let sent: Statement[] = []
  const note = <T extends QueryResult | QueryResult[]>(
    statements: readonly Statement[],
    result: Promise<T>,
  ) => {
    sent.push(...statements)
    return result
  }
  return {
    ...driver,
    query: (statement, options) => note([statement], driver.query(statement, options)),
    batch: (statements, options) => note(statements, driver.batch(statements, options)),
    taken() {
      const all = sent
      sent = []
      return all
    },
  }
}
