/** The whole suite inside a page of Chromium. */
import { defineRuntimeTests } from './define.js'

defineRuntimeTests('chromium', 'pglite-memory')
