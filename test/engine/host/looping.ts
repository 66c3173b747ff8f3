import { watchParent } from '../../../src/engine/end-with-parent.ts'

process.on('message', () => {}) // keeps the process alive until the thread runs
watchParent().once('online', () => {
  process.send?.('looping', () => {
    for (;;);
  })
})
