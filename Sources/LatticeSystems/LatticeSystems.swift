// LatticeSystems
