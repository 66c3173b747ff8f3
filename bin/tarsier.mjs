#!/usr/bin/env node
import { existsSync } from 'node:fs'

const built = new URL('../out/cli/tarsier.js', import.meta.url)
if (existsSync(built)) await import(built.href)
else {
  process.stderr.write('tarsier is not built yet: run "npm install" (or "npm run build") in its folder.\n')
  process.exitCode = 2
}
