export { EventSourcingHealthIndicator, type EventSourcingHealthOptions } from './event-sourcing.health.js';
