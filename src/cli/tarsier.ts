import { printError } from './errors.ts'
import { exitCodes } from './exit-codes.ts'
import { main } from './main.ts'

// Ignore errors of a closed stderr.
process.stderr.on('error', () => {})
process.on('uncaughtException', (error) => {
  printError(error)
  process.exit(exitCodes.failed)
})

const code = await main(process.argv.slice(2))
// Native threads may still be running: exit once all output is flushed.
process.stdout.write('', () => process.stderr.write('', () => process.exit(code)))
