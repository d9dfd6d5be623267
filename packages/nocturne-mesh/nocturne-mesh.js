#!/usr/bin/env node
// The command lives in the package `nocturne`, beside the agent that it starts; this name is for `npx nocturne-mesh`.
import "nocturne/dist/src/cli/nocturne-mesh.js";
