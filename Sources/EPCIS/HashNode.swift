/// A part of an event as XML would have it, on which the hash is defined: lists wrap their elements, which have names.
struct HashNode {
    var name: String
    var text = ""
    var children: [HashNode] = []

    private static let comments: Set = ["rdfs:comment", "comment", "#text"]

    static func fields(of event: EPCISEvent) -> [HashNode] {
        HashNode(named: "", event.node, in: "", namespaces: event.namespaces).map(\.children) ?? []
    }

    /// - Parameter parent: the field in which it stands, whose vocabulary bare terms belong to.
    private init?(named name: String, _ value: JSONNode, in parent: String, namespaces: Namespaces) {
        self.name = name
        switch value {
        case .null: return nil
        case .boolean(let value): text = value ? "true" : "false"
        case .number(let digits): text = digits
        case .text(let content):
            text = Vocabulary.uri(of: content, field: name, in: parent) ?? namespaces.value(content)
        case .array(let elements):
            children = elements.compactMap { HashNode(named: "", $0, in: name, namespaces: namespaces) }
        case .object(let members):
            text = members.first { $0.key == "#text" }?.value.text ?? ""
            children = members.filter { !Self.comments.contains($0.key) }.flatMap {
                Self.nodes(of: $0, in: name, namespaces: namespaces)
            }
            wrapLists()
            // So that lists of the same extensions in another order give the same text.
            children.sort(by: Self.precedes)
        }
    }

    private static func nodes(
        of member: JSONNode.Member, in parent: String, namespaces: Namespaces
    ) -> [HashNode] {
        let name = namespaces.name(member.key)
        let values = if case .array(let elements) = member.value { elements } else { [member.value] }
        return values.compactMap { HashNode(named: name, $0, in: parent, namespaces: namespaces) }
    }

    private mutating func wrapLists() {
        var wrapped: [HashNode] = []
        var places: [String: Int] = [:]
        for child in children {
            guard let element = child.elementName else {
                wrapped.append(child.renamed)
                continue
            }
            let place = places[child.name] ?? wrapped.count
            if place == wrapped.count {
                places[child.name] = place
                wrapped.append(HashNode(list: child.name))
            }
            var inner = child
            inner.name = element
            wrapped[place].children.append(inner.renamed)
        }
        for place in places.values { wrapped[place].children.sort(by: Self.precedes) }
        children = wrapped
    }

    private init(list name: String) { self.name = name }

    /// What an element of a list is called; nil for what is no list.
    private var elementName: String? {
        if name == "childEPCs" { return "epc" }
        return name.hasSuffix("List") ? String(name.dropLast(4)) : nil
    }

    private var renamed: HashNode {
        var node = self
        switch name {
        case "inputEPC", "outputEPC": node.name = "epc"
        case "inputQuantity", "outputQuantity", "childQuantity": node.name = "quantityElement"
        case "quantity" where !children.isEmpty: node.name = "quantityElement"
        case "readPoint" where children.isEmpty, "bizLocation" where children.isEmpty:
            var id = HashNode(list: "id")
            id.text = text
            node.text = ""
            node.children = [id]
        default: break
        }
        return node
    }

    private static func precedes(_ left: HashNode, _ right: HashNode) -> Bool {
        if left.name != right.name { return left.name.utf8.lexicographicallyPrecedes(right.name.utf8) }
        if left.text != right.text { return left.text.utf8.lexicographicallyPrecedes(right.text.utf8) }
        return left.children.lexicographicallyPrecedes(right.children, by: precedes)
    }
}
