/** The floors of ARCHITECTURE.md: arrows point down only. */
const core = '^src/core/'
const rule = (name, from, to, comment) => ({ name, severity: 'error', from, to, comment })

module.exports = {
  forbidden: [
    rule(
      'no-circular',
      {},
      { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
      'A cycle hides which file stands below which.',
    ),
    rule(
      'core-imports-core-only',
      { path: core },
      { pathNot: core },
      'The core knows no client, no Node and no other floor.',
    ),
    rule(
      'migrations-import-core-only',
      { path: '^src/migrations/' },
      { pathNot: '^src/(core|migrations)/' },
      'Migrations are SQL text over the core.',
    ),
    rule(
      'drivers-import-core-only',
      { path: '^src/drivers/(pglite|node-postgres|neon-http|neon-websocket)' },
      {
        pathNot: [
          '^src/core/',
          '^src/drivers/$1',
          '^node_modules/(pg|@electric-sql/pglite|@neondatabase/serverless|@types/pg)/',
        ],
      },
      'A driver never imports another.',
    ),
    rule(
      'store-imports-core-and-migrations',
      { path: '^src/(index|create-store|without-migrations)\\.ts$' },
      { pathNot: '^src/(core|migrations|create-store)' },
      'The root entry runs everywhere, so it knows no client.',
    ),
    rule(
      'transfer-imports-core-only',
      { path: '^src/transfer/' },
      { pathNot: '^src/(core|transfer)/' },
      'An export runs wherever the store does, whoever made the store.',
    ),
    rule(
      'browser-imports-its-driver-only',
      { path: '^src/browser/' },
      {
        pathNot: [
          '^src/(core|browser)/',
          '^src/drivers/pglite\\.ts$',
          '^src/migrations/index\\.ts$',
          '^node_modules/@electric-sql/pglite/',
        ],
      },
      'A page loads what it needs: PGlite, and no other client.',
    ),
    rule(
      'browser-runs-in-browsers',
      { path: '^src/browser/' },
      { dependencyTypes: ['core'] },
      'There is no Node in a page.',
    ),
    rule(
      'nothing-below-imports-the-cli',
      { path: '^src/', pathNot: '^src/cli/' },
      { path: '^src/cli/' },
      'The command line is the roof.',
    ),
    rule(
      'nothing-below-imports-the-endpoint',
      { path: '^src/', pathNot: '^src/(cli|dev)/' },
      { path: '^src/dev/' },
      'The local endpoint is for development; no store needs it.',
    ),
    rule(
      'nothing-below-imports-nuxt',
      { path: '^src/', pathNot: '^src/(nitro|nuxt)/' },
      { path: '^src/(nitro|nuxt)/' },
      'Frameworks stand on the store, not the other way round.',
    ),
    rule(
      'nitro-runs-on-the-edge',
      { path: '^src/nitro/', pathNot: '^src/nitro/(pglite|turn)' },
      { path: '^src/(nuxt|drivers|connect)', dependencyTypesNot: ['type-only'] },
      'The plugin is given its driver, so that a build holds one alone.',
    ),
    rule(
      'testing-runs-everywhere',
      { path: '^src/testing/' },
      { dependencyTypes: ['core'] },
      'The conformance suite runs in browsers and on the edge.',
    ),
    rule('no-unresolvable', {}, { couldNotResolve: true }, 'An import that resolves to nothing.'),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      extensions: ['.ts', '.js'],
      conditionNames: ['import', 'default', 'types'],
    },
  },
}
