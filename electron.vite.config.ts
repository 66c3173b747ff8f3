import tailwind from '@tailwindcss/vite'
import { defineConfig } from 'electron-vite'

/**
 * Everything that runs is built here: the Electron shell, and from the same configuration the command line and the engine's process.
 * These two run on the user's Node, so the target is the oldest one allowed, not Electron's (it also lowers `using`).
 */
const node = 'node20'

export default defineConfig({
  main: {
    build: {
      target: node,
      // Emptied here, before preload and renderer write into it: main is built first.
      outDir: 'out',
      emptyOutDir: true,
      minify: false,
      rolldownOptions: {
        input: {
          'main/index': 'src/main/index.ts',
          'cli/tarsier': 'src/cli/tarsier.ts',
          'cli/engine-host': 'src/engine/host/engine-host.ts',
          'cli/service-process': 'src/service/service-process.ts',
          'cli/media-host': 'src/engine/host/media-host.ts',
          'cli/template-process': 'src/engine/language/template-process.ts',
          'cli/quantize-process': 'src/engine/models/import/quantize-process.ts',
          'cli/tower-thread': 'src/engine/vision/tower-thread.ts',
        },
        // The engine's process and thread are looked for beside the code that starts them, so the shared chunks lie there too.
        output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: 'cli/[name]-[hash].js' },
      },
    },
  },
  preload: {
    build: {
      rolldownOptions: {
        input: 'src/preload/index.ts',
        // A sandboxed preload script must be CommonJS.
        output: { format: 'cjs', entryFileNames: 'index.cjs' },
      },
    },
  },
  renderer: {
    plugins: [tailwind()],
    build: {
      minify: true,
      // The page's policy knows no `data:` addresses, so nothing is inlined.
      assetsInlineLimit: 0,
      // It comes from this machine: one file is as quick as many.
      chunkSizeWarningLimit: 1200,
      rolldownOptions: {
        input: 'src/renderer/index.html',
        // Packages for React say "use client" in every file; there is no server side here that it could matter to.
        checks: { moduleLevelDirective: false },
      },
    },
  },
})
