import { tellError } from './errors.ts'
import { exitCodes } from './exit-codes.ts'
import { main } from './main.ts'

// Somebody who closes stderr does not want to hear about it.
process.stderr.on('error', () => {})
process.on('uncaughtException', (error) => {
  tellError(error)
  process.exit(exitCodes.failed)
})

const code = await main(process.argv.slice(2))
// Native threads may still stand around: leave once what was written is out.
process.stdout.write('', () => process.stderr.write('', () => process.exit(code)))
