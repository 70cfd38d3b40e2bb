/**
 * A local Neon: an endpoint that speaks Neon's HTTP and WebSocket protocols in front of an embedded
 * PGlite, or of any PostgreSQL server. For development and tests, on Node, Bun and Deno.
 *
 * @module
 */
export { type NeonEndpoint, startNeonEndpoint } from './endpoint.js'
export {
  type LocalNeonOutboundOptions,
  localNeonOutbound,
  type OutboundRequest,
} from './local-neon-outbound.js'
export type { NeonEndpointOptions } from './options.js'
export { type LocalNeon, type NeonConfig, useLocalNeon } from './use-local-neon.js'
