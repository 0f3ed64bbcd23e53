internal import CHDF5

/// The HDF5 library that this program runs with.
public enum HDF5Version {
  /// "1.10.8"; empty where the library does not answer.
  public static var text: String {
    ch5_lock()
    defer { ch5_unlock() }
    var major: UInt32 = 0, minor: UInt32 = 0, release: UInt32 = 0
    guard unsafe H5get_libversion(&major, &minor, &release) >= 0 else { return "" }
    return "\(major).\(minor).\(release)"
  }
}
