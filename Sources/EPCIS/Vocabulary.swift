/// The terms of the Core Business Vocabulary that may be written without their prefix, and what they stand for.
enum Vocabulary {
    static let cbv = "https://ref.gs1.org/cbv/"

    private static let bizSteps: Set = [
        "accepting", "arriving", "assembling", "collecting", "commissioning", "consigning", "creating_class_instance",
        "cycle_counting", "decommissioning", "departing", "destroying", "disassembling", "dispensing", "encoding",
        "entering_exiting", "holding", "inspecting", "installing", "killing", "loading", "other", "packing", "picking",
        "receiving", "removing", "repackaging", "repairing", "replacing", "reserving", "retail_selling", "sampling",
        "sensor_reporting", "shipping", "staging_outbound", "stock_taking", "stocking", "storing", "transporting",
        "unloading", "unpacking", "void_shipping",
    ]
    private static let dispositions: Set = [
        "active", "available", "completeness_inferred", "completeness_verified", "conformant", "container_closed",
        "container_open", "damaged", "destroyed", "dispensed", "disposed", "encoded", "expired", "in_progress",
        "in_transit", "inactive", "mismatch_class", "mismatch_instance", "mismatch_quantity", "needs_replacement",
        "no_pedigree_match", "non_conformant", "non_sellable_other", "partially_dispensed", "recalled", "reserved",
        "retail_sold", "returned", "sellable_accessible", "sellable_not_accessible", "stolen", "unavailable", "unknown",
    ]
    private static let transactions: Set = [
        "bol", "cert", "desadv", "inv", "pedigree", "po", "poc", "prodorder", "recadv", "rma", "testprd", "testres",
    ]
    private static let parties: Set = ["location", "owning_party", "possessing_party"]
    private static let measurements: Set = [
        "AbsoluteHumidity", "AbsorbedDose", "AbsorbedDoseRate", "Acceleration", "Activity", "Altitude",
        "AmountOfSubstance", "AmountOfSubstancePerUnitVolume", "Angle", "AngularAcceleration", "AngularMomentum",
        "AngularVelocity", "Area", "Capacitance", "Conductance", "Conductivity", "Count", "Density", "Dimensionless",
        "DoseEquivalent", "DoseEquivalentRate", "DynamicViscosity", "ElectricCharge", "ElectricCurrent",
        "ElectricCurrentDensity", "ElectricFieldStrength", "Energy", "Exposure", "Force", "Frequency", "Illuminance",
        "Inductance", "Irradiance", "KinematicViscosity", "Length", "LinearMomentum", "Luminance", "LuminousFlux",
        "LuminousIntensity", "MagneticFlux", "MagneticFluxDensity", "MagneticVectorPotential", "Mass",
        "MassConcentration", "MassFlowRate", "MassPerAreaTime", "MemoryCapacity", "MolalityOfSolute", "MolarEnergy",
        "MolarMass", "MolarVolume", "Power", "Pressure", "RadiantFlux", "RadiantIntensity", "RelativeHumidity",
        "Resistance", "Resistivity", "SolidAngle", "SpecificVolume", "Speed", "SurfaceDensity", "SurfaceTension",
        "Temperature", "Time", "Torque", "Voltage", "Volume", "VolumeFlowRate", "VolumeFraction", "VolumetricFlux",
        "Wavenumber",
    ]
    private static let exceptions: Set = ["ALARM_CONDITION", "ERROR_CONDITION"]
    private static let components: Set = [
        "altitude", "axial_distance", "azimuth", "easting", "elevation_angle", "geocoordinate", "height", "latitude",
        "longitude", "northing", "polar_angle", "spherical_radius", "x", "y", "z",
    ]

    /// The URI of a bare term of a standard field; nil where the field has no vocabulary, or none with that term.
    /// - Parameter parent: the field that it stands in; empty for the event itself.
    static func uri(of term: String, field: String, in parent: String) -> String? {
        guard let (terms, prefix) = terms(of: field, in: parent), terms.contains(term) else { return nil }
        return prefix + term
    }

    /// The bare term that a value stands for, which may be that, a URI, or one of CBV 1's URNs.
    static func bare(_ value: String) -> String {
        for prefix in [cbv + "BizStep-", cbv + "Disp-", "urn:epcglobal:cbv:bizstep:", "urn:epcglobal:cbv:disp:"]
        where value.hasPrefix(prefix) { return String(value.dropFirst(prefix.count)) }
        for prefix in ["cbv:BizStep-", "cbv:Disp-"] where value.hasPrefix(prefix) {
            return String(value.dropFirst(prefix.count))
        }
        return value
    }

    private static func terms(of field: String, in parent: String) -> (Set<String>, String)? {
        switch (parent, field) {
        case ("", "bizStep"): (bizSteps, cbv + "BizStep-")
        case ("", "disposition"), ("persistentDisposition", "set"), ("persistentDisposition", "unset"):
            (dispositions, cbv + "Disp-")
        case ("bizTransactionList", "type"): (transactions, cbv + "BTT-")
        case ("sourceList", "type"), ("destinationList", "type"): (parties, cbv + "SDT-")
        case ("sensorReport", "type"): (measurements, "https://ref.gs1.org/voc/")
        case ("sensorReport", "exception"): (exceptions, "https://ref.gs1.org/voc/")
        case ("sensorReport", "component"): (components, cbv + "Comp-")
        default: nil
        }
    }
}
