import CHDF5

/// One HDF5 identifier of any kind (file, dataset, space, property list), closed at the end of its life.
struct HDF5Identifier: ~Copyable {
  let raw: hid_t

  /// Takes over what an HDF5 function returned; nil where it failed.
  init?(_ returned: hid_t) {
    if returned < 0 { return nil }
    raw = returned
  }

  deinit {
    ch5_lock()
    _ = H5Idec_ref(raw)
    ch5_unlock()
  }
}

/// What the HDF5 archives share. Callers hold `ch5_lock`: serial HDF5 is not safe for threads.
enum HDF5 {
  /// What HDF5 says about the call that has just failed.
  static var reason: String {
    let reason = unsafe String(cString: ch5_reason())
    return reason.isEmpty ? "HDF5 gives no reason" : "HDF5: \(reason)"
  }

  /// A name for a file in memory: HDF5 would take two of the same name for one file.
  static func inMemoryName(_ name: String) -> String { "\(name)#\(ch5_serial_number())" }

  /// An empty file in memory. It becomes a file on disk through `image(of:)`, so that full disks and the like are
  /// seen by our own calls with the system's reason, never in HDF5's exit handlers.
  static func createInMemory(name: String, userBlock: Int = 0) throws(ArchiveError) -> HDF5Identifier {
    guard let access = HDF5Identifier(H5Pcreate(ch5_file_access())), H5Pset_fapl_core(access.raw, 1 << 20, false) >= 0,
      let creation = HDF5Identifier(H5Pcreate(ch5_file_create())),
      H5Pset_userblock(creation.raw, hsize_t(userBlock)) >= 0,
      H5Pset_obj_track_times(creation.raw, false) >= 0,
      // netCDF wants the order of creation.
      H5Pset_link_creation_order(creation.raw, ch5_order_tracked()) >= 0,
      let file = unsafe HDF5Identifier(H5Fcreate(inMemoryName(name), ch5_acc_trunc(), creation.raw, access.raw))
    else { throw .inputOutput(file: name, reason: reason) }
    return file
  }

  /// The bytes of a file in memory, as they would lie on disk.
  static func image(of file: borrowing HDF5Identifier, name: String) throws(ArchiveError) -> [UInt8] {
    guard H5Fflush(file.raw, H5F_SCOPE_GLOBAL) >= 0 else { throw .inputOutput(file: name, reason: reason) }
    let size = H5Fget_file_image(file.raw, nil, 0)
    guard size >= 0 else { throw .inputOutput(file: name, reason: reason) }
    let raw = file.raw
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, filled in
      filled = unsafe max(0, H5Fget_file_image(raw, buffer.baseAddress, buffer.count))
    }
    guard bytes.count == size else { throw .inputOutput(file: name, reason: reason) }
    return bytes
  }

  /// The data space of a shape.
  static func space(_ shape: [Int]) -> HDF5Identifier? {
    precondition(shape.count <= 32, "HDF5 has at most 32 dimensions")
    if shape.isEmpty { return HDF5Identifier(H5Screate(H5S_SCALAR)) }
    let lengths = shape.map { hsize_t($0) }
    return unsafe HDF5Identifier(H5Screate_simple(CInt(shape.count), lengths, nil))
  }

  /// The element type of a dataset, and its name where an archive has no such type.
  static func elementType(of dataset: borrowing HDF5Identifier) -> (type: ArchiveType?, name: String) {
    guard let type = HDF5Identifier(H5Dget_type(dataset.raw)) else { return (nil, "unreadable") }
    let width = H5Tget_size(type.raw)
    switch (H5Tget_class(type.raw), width) {
    case (H5T_FLOAT, 4): return (.float32, "float32")
    case (H5T_FLOAT, 8): return (.float64, "float64")
    case (H5T_FLOAT, _): return (nil, "float\(8 * width)")
    case (H5T_INTEGER, _):
      let signed = H5Tget_sign(type.raw) == H5T_SGN_2
      let found: ArchiveType? =
        switch (signed, width) {
        case (true, 8): .int64
        case (false, 8): .uint64
        case (false, 1): .uint8
        default: nil
        }
      return (found, "\(signed ? "int" : "uint")\(8 * width)")
    default: return (nil, "HDF5 type of class \(H5Tget_class(type.raw).rawValue)")
    }
  }
}
