// Renormalization
