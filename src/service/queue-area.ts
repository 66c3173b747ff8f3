import { implementer, needed } from './procedures.ts'

const area = implementer.queue

export const queueArea = {
  watch: area.watch.handler(({ context: { service }, signal }) => service.queue.watch(needed(signal))),
  details: area.details.handler(({ input, context: { service }, signal }) => service.queue.details(input.name, needed(signal))),
  pause: area.pause.handler(({ input, context: { service }, signal }) => service.queue.setState(input.name, 'paused', needed(signal))),
  resume: area.resume.handler(({ input, context: { service }, signal }) => service.queue.setState(input.name, 'running', needed(signal))),
  retryFailed: area.retryFailed.handler(async ({ input, context: { service }, signal }) => ({
    units: await service.queue.retryFailed(input.name, input.code, needed(signal)),
  })),
}
