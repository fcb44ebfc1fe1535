// Tokens that are in the public surface, lib/index.ts.
export { getEventEmitterToken, getTransportsToken, InjectEventEmitter, InjectTransports } from './tokens.js';
