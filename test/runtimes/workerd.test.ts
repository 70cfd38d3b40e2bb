/** The whole suite inside workerd, through both Neon drivers. */
import { defineRuntimeTests } from './define.js'

defineRuntimeTests('workerd', 'neon-http')
defineRuntimeTests('workerd', 'neon-websocket')
