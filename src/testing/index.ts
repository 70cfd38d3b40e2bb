/**
 * For tests: stores in memory, and the conformance suite for drivers of your own.
 *
 * @module
 */
export type { ConformanceCase, ConformanceContext, FreshStore } from './conformance/case.js'
export type { ConformanceFixture } from './conformance/fixture.js'
export {
  type ConformanceFailure,
  type ConformanceReport,
  conformanceCases,
  defineConformanceTests,
  type RunConformanceOptions,
  runConformance,
  type TestRunner,
} from './conformance/suite.js'
export { wrapDriver } from './conformance/wrap-driver.js'
export { createTestStore, type TestStore } from './test-store.js'
