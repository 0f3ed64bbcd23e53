import Glibc

/// ln x, where a file's own names hide the library's.
func naturalLog(_ x: Double) -> Double { log(x) }
