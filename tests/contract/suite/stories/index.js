// index.js: the stories in the order in which they are told: each may use what those before made.
import { system } from './system.js';
import { nodes, worker } from './nodes.js';
import { deployments } from './deployments.js';
import { reads } from './reads.js';
import { revisions } from './revisions.js';
import { rollouts } from './rollouts.js';
import { tokens } from './tokens.js';
import { dryRuns } from './dry_runs.js';
import { failures } from './failures.js';
import { lists } from './lists.js';
import { monitoring } from './monitoring.js';
import { streams } from './streams.js';
import { viewer } from './viewer.js';
import { endings } from './endings.js';

export const stories = [
  system, nodes, deployments, reads, revisions, rollouts, worker, tokens, lists, monitoring, streams,
  viewer, dryRuns, failures, endings,
];
