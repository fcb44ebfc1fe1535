// Tokens that are in the public surface, lib/index.ts.
export {
  getCommandsToken,
  getEventEmitterToken,
  getTransportsToken,
  InjectCommands,
  InjectEventEmitter,
  InjectTransports,
} from './tokens.js';
