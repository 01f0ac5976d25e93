export * from './access-directory.js';
export * from './authorize.js';
export * from './jwt.js';
export * from './tokens.js';
