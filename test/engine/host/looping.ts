import { watchParent } from '../../../src/platform/end-with-parent.ts'

process.on('message', () => {}) // keeps the process alive until the thread runs
watchParent().once('online', () => {
  process.send?.('looping', () => {
    for (;;);
  })
})
