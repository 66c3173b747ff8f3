/**
 * The modules (docs/architecture.md) and the direction of imports: shared, platform ← engine ← library, jobs, servers ← bench ← queue ← service ← serve, cli; main, preload and renderer know shared.
 * @type {import('dependency-cruiser').IConfiguration}
 */
module.exports = {
  forbidden: [
    ...modules({
      shared: [],
      platform: ['shared'],
      engine: ['shared', 'platform'],
      library: ['shared', 'platform', 'engine'],
      jobs: ['shared', 'platform', 'engine'],
      servers: ['shared', 'platform', 'engine'],
      bench: ['shared', 'platform', 'engine', 'jobs', 'servers'],
      queue: ['shared', 'platform', 'engine', 'jobs', 'servers', 'bench'],
      service: ['shared', 'platform', 'engine', 'library', 'jobs', 'bench', 'queue'],
      serve: ['shared', 'platform', 'engine', 'library', 'service'],
      cli: ['shared', 'platform', 'engine', 'jobs', 'servers', 'bench', 'queue', 'service', 'serve'],
      main: ['shared', 'platform'],
      preload: ['shared'],
      renderer: ['shared'],
    }),
    ...engineRooms({
      formats: [],
      media: [],
      vision: ['media'],
      language: ['formats'],
      checkpoint: ['formats', 'language'],
      families: ['formats', 'media', 'vision', 'language', 'checkpoint'],
      models: ['formats', 'vision', 'language', 'checkpoint', 'families'],
      estimate: ['media', 'vision', 'language', 'families', 'models'],
      conversation: ['media', 'vision', 'language', 'families', 'models', 'estimate'],
    }),
    {
      name: 'models-know-no-running-model',
      comment:
        'models/ is what lies on disk; of vision/ and language/ only models/import and models/export may know, to write and read their files.',
      severity: 'error',
      from: { path: '^src/engine/models/', pathNot: '^src/engine/models/(import|export)/' },
      to: { path: '^src/engine/(vision|language)/' },
    },
    {
      name: 'engine-parts-know-no-whole',
      comment: 'The modules of the engine do not know the facade or the process around them.',
      severity: 'error',
      from: { path: '^src/engine/(formats|media|vision|language|checkpoint|families|models|estimate|conversation)/' },
      to: { path: '^src/engine/(host/|engine\\.ts$)' },
    },
    {
      name: 'formats-know-no-models',
      comment: 'GGUF, safetensors and ONNX are read and written without knowing of what model.',
      severity: 'error',
      from: { path: '^src/engine/formats/' },
      to: { path: '^src/', pathNot: '^src/(shared|platform|engine/formats)/' },
    },
    {
      name: 'families-by-their-table',
      comment: 'Nothing asks for a family by name: its parts are asked for through families/families.ts.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/engine/families/' },
      to: { path: '^src/engine/families/[^/]+/' },
    },
    {
      name: 'families-know-no-other-family',
      severity: 'error',
      from: { path: '^src/engine/families/([^/]+)/' },
      to: { path: '^src/engine/families/[^/]+/', pathNot: '^src/engine/families/$1/' },
    },
    {
      name: 'electron-in-the-shell-alone',
      comment: 'Engine, command line and page run without Electron too.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(main|preload)/' },
      to: { path: '(^|/)node_modules/electron/|^electron$' },
    },
    {
      name: 'page-knows-no-node',
      severity: 'error',
      from: { path: '^src/(shared|renderer)/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'src-imports-no-tools-or-tests',
      severity: 'error',
      from: { path: '^(src|bin)/' },
      to: { path: '^(tools|test|scripts)/' },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'nothing-unresolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-unlisted-package',
      comment: 'Packages for development are built into the program, the others are installed with it; package.json lists both.',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(fixtures|out)/' },
    // Imports of types count too: a room that knows another's types knows the room.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.engine.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
}

/** One rule a room: of our own code it imports itself and what is listed, nothing else. */
function modules(/** @type {Record<string, string[]>} */ allowed) {
  return Object.entries(allowed).map(([room, others]) => only(`${room}-imports-down`, 'src', room, others))
}

function engineRooms(/** @type {Record<string, string[]>} */ allowed) {
  return Object.entries(allowed).map(([room, others]) => only(`engine-${room}-keeps-to-its-way`, 'src/engine', room, others))
}

/** @param {string} name @param {string} floor @param {string} room @param {string[]} others */
function only(name, floor, room, others) {
  const all = floor === 'src' ? '[^/]+' : '(?:formats|media|vision|language|checkpoint|families|models|estimate|conversation|host)'
  return {
    name,
    severity: /** @type {const} */ ('error'),
    from: { path: `^${floor}/${room}/` },
    to: { path: `^${floor}/${all}/`, pathNot: `^${floor}/(?:${[room, ...others].join('|')})/` },
  }
}
