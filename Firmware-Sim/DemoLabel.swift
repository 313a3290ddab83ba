import Ledger

/// The two labels of the demo's device.
enum DemoLabel {
    /// On the device when it is finished; its order number (AI 400) is how the gateway finds the order.
    static var product: Label {
        get throws {
            try Label("(01)04012345000016(17)311130(10)HX7(21)S0042(400)\(DemoOrder.number)", symbology: .qr)
        }
    }

    /// On the box: the same device, without what does not fit into one GS1-128 symbol.
    static var shelf: Label {
        get throws { try Label("(01)04012345000016(10)HX7(21)S0042", symbology: .gs1128) }
    }
}
