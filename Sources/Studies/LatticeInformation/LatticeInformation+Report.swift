import Glibc
public import Runtime

extension LatticeInformation {
  public func report(_ results: [(unit: Unit, partial: Recording)]) throws(StudyError) -> Report {
    let all = results.reduce(into: Recording()) { $0.merge($1.partial) }
    var abstract =
      "What parts of the square Ising lattice know of each other, in nats, exactly on small tori and cylinders"
      + (sizes.isEmpty
        ? "" : " and from \(chains * configurations) configurations of tori of \(sizes.map(String.init).joined(separator: ", ")) sites")
    abstract +=
      ". A coarse spin h of a block V of 2 x 2 spins keeps I(h;V) of the block's own past and I(h;E) of the environment E beyond a ring of one site; "
      + "the information bottleneck says how much of E any representation of V with as many nats can keep."
    return Report(
      title: "Information across the scales of a lattice", abstract: abstract, rows: all.rows, derived: areaLaw(all),
      sections: [distance(all), area(all)] + couplings.map { environment(all, $0) }, arrays: all.arrays)
  }

  private func value(_ all: Recording, _ name: String, _ at: [(name: String, value: ParameterValue)]) -> (value: Double, error: Double?)? {
    all.observable(name, at: at).map { ($0.values[0], $0.errors?[0]) }
  }
  private func shown(_ found: (value: Double, error: Double?)?) -> String { found.map { written($0.value, $0.error) } ?? "–" }
  private func short(_ coupling: Double) -> String { "K = \(written(coupling, nil))" }

  // MARK: Distances

  private func distance(_ all: Recording) -> ReportSection {
    var items: [ReportSection.Item] = []
    var rows: [[String]] = []
    for coupling in couplings {
      var curves: [Curve] = []
      for (name, words) in [("block_information", "blocks"), ("spin_information", "spins")] {
        let exact = (2...Self.exactSize / 2).map { distance in
          value(all, name, exactAt(coupling, distance))?.value ?? .nan
        }
        curves.append(
          Curve("\(words), exact, L = \(Self.exactSize)", x: (2...Self.exactSize / 2).map(Double.init), y: exact, style: .line))
        for size in sizes {
          let found = used(size).map { value(all, name, sampledAt(size, coupling, $0)) }
          curves.append(
            Curve(
              "\(words), L = \(size)", x: used(size).map(Double.init), y: found.map { $0?.value ?? .nan },
              yErrors: found.map { $0?.error ?? 0 }))
        }
      }
      items.append(
        .figure(
          Figure(
            name: "distance-\(label(coupling))", title: "Blocks and spins at a distance, \(short(coupling))",
            caption:
              "I of two blocks of 2 x 2 spins whose first sites are so far apart along an axis, and of two spins; errors of one standard error.",
            content: .curves(curves, xLabel: "distance [sites]", yLabel: "I [nats]", logX: true, logY: true))))
      guard sizes.contains(Self.exactSize) else { continue }
      for distance in used(Self.exactSize) {
        for (name, words) in [("block_information", "blocks"), ("spin_information", "spins")] {
          guard let exact = value(all, name, exactAt(coupling, distance)),
            let found = value(all, name, sampledAt(Self.exactSize, coupling, distance)), let error = found.error
          else { continue }
          rows.append([
            short(coupling), words, "\(distance)", written(exact.value, nil, digits: 6), written(found.value, error),
            error > 0 ? written((found.value - exact.value) / error, nil, digits: 2) : "–",
          ])
        }
      }
    }
    if !rows.isEmpty {
      items.append(
        .table(
          ReportTable(
            caption:
              "The sampled torus of \(Self.exactSize) x \(Self.exactSize) sites beside transfer matrices; the last column is the difference over its error.",
            header: ["coupling", "of", "distance", "exact [nats]", "sampled [nats]", "difference / error"], rows: rows)))
    }
    return ReportSection("Information against distance", items)
  }
  private func exactAt(_ coupling: Double, _ distance: Int) -> [(name: String, value: ParameterValue)] {
    [("source", .text("exact-torus")), ("coupling", .real(coupling)), ("distance", .integer(distance))]
  }
  private func sampledAt(_ size: Int, _ coupling: Double, _ distance: Int) -> [(name: String, value: ParameterValue)] {
    [("source", .text("sampled")), ("size", .integer(size)), ("coupling", .real(coupling)), ("distance", .integer(distance))]
  }

  // MARK: Area law

  private func halves(_ all: Recording, _ coupling: Double) -> [Double] {
    (3...circumference).map { width in
      value(
        all, "half_information",
        [
          ("source", .text("exact-cylinder")), ("coupling", .real(coupling)), ("circumference", .integer(width)),
        ])?.value ?? .nan
    }
  }
  private func areaLaw(_ all: Recording) -> [(name: String, observable: Observable)] {
    couplings.map { coupling in
      let found = halves(all, coupling)
      return (
        "area_law_coefficient_\(label(coupling))",
        Observable(found[found.count - 1] - found[found.count - 2], unit: "nats per site", reason: "of the widest two cylinders, exact")
      )
    }
  }
  private func area(_ all: Recording) -> ReportSection {
    let widths = (3...circumference).map(Double.init)
    let rows = couplings.map { coupling -> [String] in
      let found = halves(all, coupling), n = found.count, slope = found[n - 1] - found[n - 2]
      let before = n > 2 ? found[n - 2] - found[n - 3] : .nan
      return [
        short(coupling), written(found[n - 1], nil, digits: 7), written(slope, nil, digits: 7), written(before, nil, digits: 7),
        written(found[n - 1] - slope * widths[n - 1], nil, digits: 4),
      ]
    }
    return ReportSection(
      "Area law",
      [
        .text(
          "The two halves of an infinite cylinder know of each other through the rows at the cut alone. Their information grows with the length of the "
            + "cut; the growth by one site is the coefficient of the area law, to the extent that it no longer changes with the circumference."
        ),
        .figure(
          Figure(
            name: "area-law", title: "What the halves of a cylinder know of each other",
            caption: "Exact, by the largest eigenvector of the transfer matrix.",
            content: .curves(
              couplings.map { Curve(short($0), x: widths, y: halves(all, $0)) }, xLabel: "circumference [sites]", yLabel: "I [nats]",
              logX: false,
              logY: false))),
        .table(
          ReportTable(
            caption:
              "Circumference \(circumference): I, its growth from \(circumference - 1) sites, the growth before that, and what a line of that growth leaves at zero.",
            header: ["coupling", "I [nats]", "growth [nats per site]", "growth before", "rest [nats]"], rows: rows)),
      ])
  }
}
