/**
 * How the app is packaged: `npx electron-builder` on the system that it is for, after `npm run build`; `npm run package:list` says what goes
 * in without making it. Electron is fetched by the first one, and left out by the second.
 */
import { join } from 'node:path'
import { neverLoaded } from './scripts/never-loaded.mjs'
import { shareLibraries } from './scripts/share-libraries.mjs'
import { addRuntime, runtimeFolder } from './scripts/windows-libraries.mjs'

/** Of packages that bring binaries for every system: the ones for this system alone, and no sources to build others from. */
const binariesOfThisSystem = [
  '!**/node_modules/onnxruntime-node/bin/napi-v6/!(${platform})/**',
  '!**/node_modules/onnxruntime-node/bin/napi-v6/${platform}/!(${arch})/**',
  '!**/node_modules/@photostructure/sqlite/prebuilds/!(${platform}-${arch})/**',
  // Electron for Linux is built for glibc.
  '!**/node_modules/@photostructure/sqlite/prebuilds/*/*.musl.node',
  '!**/node_modules/@koromix/koffi-linux-*/musl_*/**',
  '!**/node_modules/@node-llama-cpp/!(${os}-${arch}*)/**',
  // CUDA is the GPU pack's; its build for drivers that are too old for it is in neither: those machines have Vulkan, or the processor.
  '!**/node_modules/@node-llama-cpp/*-cuda{,-ext}/**',
  // For a Node that MinGW built; Electron is built by Microsoft's compiler.
  '!**/node_modules/@seydx/node-av-win32-*-mingw/**',
  // SQLite's sources, and llama.cpp's history, to build them from.
  '!**/node_modules/@photostructure/sqlite/src/**',
  '!**/node_modules/node-llama-cpp/llama/gitRelease.bundle',
]

/** electron-builder's number for it. */
const ARM64 = 3

/** What the program does not read. */
const papers = [
  '!**/*.map',
  '!**/*.d.{ts,mts,cts}',
  '!**/node_modules/**/{test,tests,docs,doc,example,examples}/**',
  '!**/node_modules/**/{CHANGELOG,HISTORY}*',
  ...neverLoaded.map((name) => `!**/node_modules/${name}/**`),
]

/** @type {[name: string, mimeType: string, ...ext: string[]][]} */
const clips = [
  ['MP4 video', 'video/mp4', 'mp4', 'm4v'],
  ['QuickTime video', 'video/quicktime', 'mov'],
  ['Matroska video', 'video/x-matroska', 'mkv'],
  ['WebM video', 'video/webm', 'webm'],
  ['AVI video', 'video/x-msvideo', 'avi'],
  ['Windows Media video', 'video/x-ms-wmv', 'wmv'],
  ['GIF picture', 'image/gif', 'gif'],
]

/** Never the default program, but beside the others under "open with". */
const fileAssociations = clips.map(([name, mimeType, ...ext]) => ({
  name,
  description: name,
  ext,
  mimeType,
  role: /** @type {const} */ ('Viewer'),
  rank: /** @type {const} */ ('Alternate'),
}))

/**
 * Where installed apps look for newer versions: the releases of the repository in which the release workflow runs. Without one there is no feed.
 */
const [owner, repo] = process.env.GITHUB_REPOSITORY?.split('/') ?? []
const publish = owner && repo ? /** @type {const} */ ({ provider: 'github', owner, repo }) : null

/** Where electron-builder is told no certificate, macOS runs the app only with a signature made on the spot. */
const { CSC_LINK, CSC_NAME } = process.env
const signed = Boolean(CSC_LINK || CSC_NAME)
const adHoc = signed ? {} : { identity: '-', hardenedRuntime: false }

/** @type {import('electron-builder').Configuration} */
const config = {
  appId: 'app.tarsier.desktop',
  productName: 'Tarsier Desktop',
  // macOS replaces only signed apps; src/main/update-feed.ts reads it.
  extraMetadata: { signedForUpdates: signed },
  directories: { output: 'dist' },
  icon: 'resources/icon.png',
  artifactName: 'tarsier-desktop-${version}-${os}-${arch}.${ext}',
  files: ['out/**', 'package.json', 'LICENSE', ...papers, ...binariesOfThisSystem],
  // Native libraries are loaded by the system, which cannot look into an archive.
  asar: true,
  asarUnpack: [
    '**/node_modules/{@img,@koromix,@node-llama-cpp,@photostructure,@seydx,ffmpeg-static,koffi,node-av,onnxruntime-node,sharp}/**',
    '**/node_modules/node-llama-cpp/{bins,llama}/**',
  ],
  // The engine reads models and clips from the disk.
  extraResources: [
    { from: 'resources/models', to: 'models' },
    { from: 'resources/examples', to: 'examples' },
    { from: 'resources/benchmarks', to: 'benchmarks' },
    { from: 'resources/licences', to: 'licences' },
  ],
  // All packages bring what they need prebuilt.
  npmRebuild: false,
  linux: {
    fileAssociations,
    target: ['AppImage', 'deb', 'rpm'],
    category: 'AudioVideo',
    synopsis: 'Describes videos on your own machine',
    maintainer: 'Tarsier Desktop',
  },
  mac: {
    // ONNX Runtime has no binaries for Macs with Intel processors.
    target: ['dmg', 'zip'].map((target) => ({ target, arch: ['arm64'] })),
    category: 'public.app-category.video',
    darkModeSupport: true,
    fileAssociations,
    ...adHoc,
  },
  // electron-builder's own associations would make it the default program on Windows; the include file says it to "open with" alone.
  win: { target: ['nsis', 'portable'] },
  nsis: {
    oneClick: false,
    perMachine: false,
    allowToChangeInstallationDirectory: true,
    include: 'resources/windows/open-with.nsh',
    artifactName: 'tarsier-desktop-${version}-windows-${arch}-setup.${ext}',
  },
  portable: { artifactName: 'tarsier-desktop-${version}-windows-${arch}-portable.${ext}' },
  async afterPack({ electronPlatformName, appOutDir, arch }) {
    if (electronPlatformName === 'linux') shareLibraries(join(appOutDir, 'resources/app.asar.unpacked/node_modules'))
    if (electronPlatformName === 'win32') addRuntime(appOutDir, runtimeFolder(arch === ARM64 ? 'arm64' : 'x64'))
  },
  // docs/security.md has the reasons.
  electronFuses: {
    runAsNode: true,
    enableNodeOptionsEnvironmentVariable: false,
    enableNodeCliInspectArguments: false,
    enableCookieEncryption: true,
    enableEmbeddedAsarIntegrityValidation: true,
    onlyLoadAppFromAsar: true,
    loadBrowserProcessSpecificV8Snapshot: false,
    grantFileProtocolExtraPrivileges: false,
    // Changing a fuse breaks the signature that Electron comes with, and Apple silicon starts nothing whose signature is broken.
    resetAdHocDarwinSignature: true,
  },
  publish,
}

export default config
