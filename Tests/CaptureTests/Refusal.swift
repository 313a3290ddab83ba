import Ledger

/// The code of the error that `body` throws; nil when it throws none.
func refusal(_ body: () throws -> some Any) -> CustodyError.Code? {
    do {
        _ = try body()
        return nil
    } catch let error as CustodyError {
        return error.code
    } catch {
        return CustodyError.Code(rawValue: "\(error)")
    }
}
